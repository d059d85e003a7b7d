/**
 * daemon: continuous data protection in the foreground (paper §3.5): for each protection group a journal,
 * capture, base copies on schedule, the delivery stage where there is one, and a look at what is recorded
 * for attacks and accidents. It is given everything it works with, and decides when.
 */
export { backOffMs } from "./back-off.ts";
export { type BasePlan, baseDue } from "./base-schedule.ts";
export type {
  BaseMoment,
  CapturedGroup,
  DaemonClock,
  DaemonGroup,
  DaemonStage,
  GroupMirror,
  MirroredGroup,
  StageStatus,
} from "./daemon-group.ts";
export {
  type DaemonStatus,
  type GroupPhase,
  type GroupStatus,
  parseDaemonStatus,
  readDaemonStatus,
  statusFileName,
} from "./daemon-status.ts";
export { DaemonError, type DaemonErrorCode } from "./daemon-error.ts";
export { mailIn } from "./mail-in-folder.ts";
export { type DaemonOptions, type DaemonRecords, runDaemon } from "./run-daemon.ts";
export {
  type ServiceManager,
  serviceManager,
  type ServiceManagerOptions,
} from "./service-manager.ts";
