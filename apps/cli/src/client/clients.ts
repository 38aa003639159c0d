import type { AgentRouter, ControlRouter } from '@bulkhead/api';
import { createTRPCClient, type TRPCClient } from '@trpc/client';
import { type Instance, locateInstance } from '../instance/locate.ts';
import { unixSocketLink } from './unix-socket-link.ts';

export type AgentClient = TRPCClient<AgentRouter>;
export type ControlClient = TRPCClient<ControlRouter>;

/** Typed client of the agent behind its socket. */
export function createAgentClient(socketPath: string): AgentClient {
  return createTRPCClient<AgentRouter>({ links: [unixSocketLink({ socketPath, basePath: '' })] });
}

/** Typed client of the control plane behind its local socket, where root is the administrator. */
export function createControlClient(socketPath: string): ControlClient {
  return createTRPCClient<ControlRouter>({ links: [unixSocketLink({ socketPath, basePath: '' })] });
}

export function agentOf(stateDirectory: string): AgentClient {
  const instance: Instance = locateInstance(stateDirectory);
  return createAgentClient(instance.paths.agentSocket);
}

export function controlOf(stateDirectory: string): ControlClient {
  return createControlClient(locateInstance(stateDirectory).paths.controlSocket);
}
