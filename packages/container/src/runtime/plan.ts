import type { ContainerSpec, NamespaceType } from '@bulkhead/model';
import { capabilityMask, defaultCapabilities } from '../init/capabilities.ts';
import type { ContainerPlan, ProcessPlan, SandboxLayout } from '../launcher/protocol.ts';
import type { ExecRequest } from '../types.ts';
import { type HostTemplate, planHostFiles, planHostRoot } from './host-template.ts';

const defaultNamespaces: readonly NamespaceType[] = ['user', 'mount', 'pid', 'network', 'uts', 'ipc', 'cgroup'];
const capabilities = capabilityMask(defaultCapabilities).toString(16);
const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** A container's own processes are as likely victims of the OOM killer as any other. */
export const oomScoreAdj = 0;

const hostnameOf = (spec: ContainerSpec): string => spec.hostname ?? spec.name.replaceAll('_', '-');

export const namespacesOf = (spec: ContainerSpec): NamespaceType[] =>
  spec.timeNamespace ? [...defaultNamespaces, 'time'] : [...defaultNamespaces];

/** Defaults first, so that what was asked for wins. */
function environment(own: readonly string[], hostname: string, terminal: boolean): string[] {
  const byName = new Map<string, string>();
  for (const entry of [defaultPath, 'HOME=/root', `HOSTNAME=${hostname}`, ...(terminal ? ['TERM=xterm-256color'] : []), ...own]) {
    byName.set(entry.slice(0, entry.indexOf('=')), entry);
  }
  return [...byName.values()];
}

function planProcess(request: ExecRequest, hostname: string): ProcessPlan {
  const { args, cwd, terminal, stdin, size } = request;
  return {
    args,
    env: environment(request.env, hostname, terminal),
    cwd,
    uid: request.user.uid,
    gid: request.user.gid,
    terminal,
    stdin,
    size,
    capabilities,
  };
}

/** What is the same for every container of the template with these namespaces. */
export const planLayout = (template: HostTemplate, namespaces: readonly NamespaceType[]): SandboxLayout => ({
  namespaces: [...namespaces],
  root: planHostRoot(template),
  oomScoreAdj,
  capabilities,
});

export function planContainer(spec: ContainerSpec): ContainerPlan {
  const hostname = hostnameOf(spec);
  return { hostname, files: planHostFiles(hostname), process: planProcess({ ...spec, size: undefined }, hostname) };
}

export const planExec = (spec: ContainerSpec, request: ExecRequest): ProcessPlan => planProcess(request, hostnameOf(spec));
