/** A configuration as somebody is writing it. */
export interface ConfigDraft {
  name: string;
  text: string;
}
