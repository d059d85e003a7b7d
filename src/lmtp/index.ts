/**
 * lmtp: the delivery stage between MTA and mail server (RFC 2033), where new mail is in the journal
 * before anybody is told that it was taken: RPO 0 at delivery (paper §3.5).
 *
 * A message is streamed to the mail server and into the journal at once. Its final dot is sent when
 * `arrived` is durable, each recipient's answer is journalled as an `outcome`, and then given to the
 * MTA. No success is ever said that the mail server did not say. docs/operations/lmtp-stage.md has
 * the behaviour in each case.
 */
export { DeliveryStage, type DeliveryStageOptions, startDeliveryStage } from "./delivery-stage.ts";
export type { DeliveryReport } from "./stage-context.ts";
export type { RecipientResult } from "./delivery/message-delivery.ts";
export type { StageStatus } from "./stage-counters.ts";
export { deliveryLine } from "./delivery-line.ts";
export { journalPolicies, type JournalPolicy } from "./delivery/journal-keeper.ts";
export { defaultBounds, defaultLimits, type StageBounds, type StageLimits } from "./limits.ts";
export { type Endpoint, endpointText, parseEndpoint } from "./network/endpoint.ts";
export { type StageClock, systemStageClock } from "./network/stage-clock.ts";
export type { ServerTls } from "./network/start-tls.ts";
export type { Peer } from "./protocol/peer.ts";
export type { Reply } from "./protocol/reply.ts";
export { LmtpError, type LmtpErrorCode } from "./lmtp-error.ts";
