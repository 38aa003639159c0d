import type { Maker } from '@bulkhead/model';

/** The value of an option in its usual forms: `-n web`, `--name web`, `--name=web`. */
function optionOf(args: readonly string[], ...names: readonly string[]): string | undefined {
  for (const [index, argument] of args.entries()) {
    if (names.includes(argument)) return args[index + 1];
    for (const name of names) if (name.startsWith('--') && argument.startsWith(`${name}=`)) return argument.slice(name.length + 1);
  }
  return undefined;
}

const containerOf = (runtime: Maker['runtime'], externalId: string | undefined, name?: string): Maker | undefined =>
  externalId === undefined || externalId === ''
    ? undefined
    : { runtime, externalId: externalId.slice(0, 512), name: (name ?? externalId.slice(0, 12)).slice(0, 256) };

/**
 * What a process says of the container it watches over, by its command and its command line. Runtimes leave one such
 * process outside of each container; its child is the container's first process.
 *
 * @returns undefined where it is no such process
 */
export function watchedContainer(command: string, args: readonly string[]): Maker | undefined {
  switch (command) {
    case 'conmon': {
      const name = optionOf(args, '-n', '--name');
      // The kubelet names containers k8s_<container>_<pod>_<namespace>_<uid>_<attempt> with CRI-O; Podman's names have no such prefix.
      return containerOf(name?.startsWith('k8s_') === true ? 'cri-o' : 'podman', optionOf(args, '-c', '--cid'), name);
    }
    case 'systemd-nspawn': {
      const name =
        optionOf(args, '-M', '--machine') ??
        optionOf(args, '-D', '--directory', '-i', '--image')
          ?.split('/')
          .findLast((part) => part !== '');
      return containerOf('systemd-nspawn', name, name);
    }
    case 'lxc-start':
    case 'lxc-execute': {
      if (args[0]?.startsWith('[lxc monitor]') === true) break;
      const name = optionOf(args, '-n', '--name') ?? args[1];
      return containerOf('lxc', name, name);
    }
  }
  // The names of these are cut to 15 characters: containerd-shim, containerd-shim-runc-v2.
  if (command.startsWith('containerd-shim'))
    return containerOf(optionOf(args, '-namespace', '--namespace') === 'moby' ? 'docker' : 'containerd', optionOf(args, '-id', '--id'));
  if (command.startsWith('[lxc monitor]') || args[0]?.startsWith('[lxc monitor]') === true) {
    // Set by setproctitle: [lxc monitor] /var/lib/lxc web
    const name = args.join(' ').trim().split(/\s+/).at(-1);
    return containerOf('lxc', name, name);
  }
  return undefined;
}

const watchers = /^(conmon|systemd-nspawn|lxc-|\[lxc monitor\]|containerd-shim|node|MainThread|bulkhead)/;

/** Whether a command can be one that watches over containers, or Bulkhead's launcher: else its arguments need not be read. */
export const mayWatch = (command: string): boolean => watchers.test(command);

const chromiumTypes = /^--type=(zygote|renderer|gpu-process|utility|ppapi|broker)$/;

/** True for a process that a browser, or an application built on one, made for its sandbox. */
export const isBrowserSandbox = (args: readonly string[]): boolean =>
  args.some((argument) => chromiumTypes.test(argument)) || args.includes('-contentproc');

/** True for a process that belongs to the same browser by its program: /usr/lib/chromium/chromium. */
export const sameProgram = (one: readonly string[], other: readonly string[]): boolean => {
  // Some write their whole command line into the first argument.
  const programOf = (args: readonly string[]): string => args[0]?.split(' ')[0] ?? '';
  return programOf(one) !== '' && (programOf(one) === programOf(other) || baseName(programOf(one)) === baseName(programOf(other)));
};

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** What people call the program of a command line. */
export const programName = (args: readonly string[]): string => baseName(args[0]?.split(' ')[0] ?? '');

/** True for a launcher of Bulkhead, whose children are sandboxes that wait for their container. */
export const isLauncher = (args: readonly string[]): boolean =>
  args.includes('--single-threaded') && args.some((argument) => argument.endsWith('/launcher.mjs'));

/** The instance a launcher serves, where it runs from that instance's own mount of the program. */
export const instanceOfLauncher = (args: readonly string[]): string | undefined =>
  args.map((argument) => /^\/run\/bulkhead\/([a-z0-9]+)\//.exec(argument)?.[1]).find((name) => name !== undefined);
