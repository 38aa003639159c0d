import type { agentContract, cgroupConfigContract } from '@bulkhead/api';
import type { HandlersOf } from '@bulkhead/api/router';
import { Problem } from '@bulkhead/model';
import type { Services } from './services.ts';

type Handlers = HandlersOf<typeof agentContract>['cgroup'];

export const cgroupConfigHandlers = ({ cgroupConfigs, events }: Services): Pick<Handlers, keyof typeof cgroupConfigContract> => ({
  previewConfig: ({ caller, input }) => cgroupConfigs.preview(caller, input.name, input.text),

  async importConfig({ caller, input }) {
    try {
      const { config, kept, transcript } = cgroupConfigs.import(caller, input);
      const groups = config.made.map(({ path }) => path).join(' ');
      await events.record('cgroup.config-imported', {
        subject: caller.subject,
        detail: { name: input.name, groups: groups.slice(0, 1000) },
        transcript,
      });
      return { config, kept, transcript: transcript.read() };
    } catch (failure) {
      // What the kernel refused was done in part and taken back; what is wrong in the text alone was never begun.
      const transcript = failure instanceof Problem ? cgroupConfigs.transcriptOf(failure) : undefined;
      if (failure instanceof Problem && transcript !== undefined)
        await events.record('cgroup.config-failed', {
          subject: caller.subject,
          detail: { name: input.name, error: failure.message.slice(0, 1000) },
          transcript,
        });
      throw failure;
    }
  },

  exportConfig: ({ input }) => cgroupConfigs.export(input.path, input),

  async makeFromTemplate({ caller, input }) {
    const { path, transcript } = cgroupConfigs.makeFromTemplate(caller, input);
    if (transcript.kept.steps.length > 0)
      await events.record('cgroup.created', { subject: caller.subject, detail: { path, template: input.template }, transcript });
    return { path, transcript: transcript.read() };
  },

  listConfigs: () => cgroupConfigs.list(),

  async removeConfig({ caller, input }) {
    const { transcript, ...undone } = cgroupConfigs.remove(caller, input.name);
    await events.record('cgroup.config-removed', {
      subject: caller.subject,
      detail: { name: input.name, removed: undone.removed.length, kept: undone.kept.length },
      transcript,
    });
    return { ...undone, transcript: transcript.read() };
  },
});
