'use client';
import type { ControlRouter, ErrorData } from '@bulkhead/api';
import { createTRPCClient, createWSClient, httpLink, splitLink, TRPCClientError, wsLink } from '@trpc/client';
import { createTRPCContext } from '@trpc/tanstack-react-query';

export const { TRPCProvider, useTRPC, useTRPCClient } = createTRPCContext<ControlRouter>();

export type ApiClient = ReturnType<typeof createApiClient>['client'];

const longestRetryMsec = 5_000;

export interface SocketHandlers {
  onOpen(): void;
  onClose(code: number | undefined): void;
}

/** One WebSocket carries all subscriptions of this tab; questions and changes go over HTTP. It opens with the first subscription. */
export function createApiClient(handlers: SocketHandlers) {
  const socket = createWSClient({
    url: () => `${window.location.protocol === 'https:' ? 'wss' : 'ws'}://${window.location.host}/api/ws`,
    retryDelayMs: (attempt) => Math.min(250 * 2 ** attempt, longestRetryMsec),
    lazy: { enabled: true, closeMs: 10_000 },
    keepAlive: { enabled: true, intervalMs: 15_000, pongTimeoutMs: 5_000 },
    onOpen: handlers.onOpen,
    onClose: (cause) => handlers.onClose(cause?.code),
  });
  const client = createTRPCClient<ControlRouter>({
    links: [
      splitLink({
        condition: (operation) => operation.type === 'subscription',
        true: wsLink({ client: socket }),
        false: httpLink({ url: '/api/trpc', headers: { 'x-bulkhead-client': 'web' } }),
      }),
    ],
  });
  return { client, close: () => void socket.close() };
}

/** What went wrong, in words for a person. */
export interface Trouble {
  /** Undefined where the server could not be reached at all. */
  problem: ErrorData['problem'] | undefined;
  message: string;
  remedy: string | undefined;
  /** The same as codes, where there are any. */
  told?: ErrorData['told'];
  reference: string | undefined;
}

export function troubleOf(failure: unknown): Trouble {
  const message = failure instanceof Error ? failure.message : String(failure);
  if (failure instanceof TRPCClientError) {
    const data = (failure.data ?? undefined) as Partial<ErrorData> | undefined;
    if (data?.problem !== undefined)
      return { problem: data.problem, message, remedy: data.remedy, told: data.told, reference: data.reference };
  }
  return { problem: undefined, message, remedy: undefined, reference: undefined };
}
