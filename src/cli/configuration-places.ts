/** Looked for in this order where --config was not given. */
export const configurationPlaces = ["restante.yaml", "/etc/restante/config.yaml"] as const;
