import type { AgentClient } from '../../client/clients.ts';

/** A process whose output is shown and whose input is passed on. */
export interface Attachment {
  client: AgentClient;
  /** Container id. */
  container: string;
  /** Absent: the container's first process. */
  execId?: string;
  terminal: boolean;
  stdin: boolean;
  /** Called once output is being listened to: starts the process, so that nothing of a short life is missed. */
  begin?: () => Promise<void>;
}
