/** Variables that name a repository, first wins; restic's so that its users need nothing new. */
export const repositoryVariables = ["RESTANTE_REPOSITORY", "RESTIC_REPOSITORY"] as const;
