'use client';
import type { CgroupChange, NamespaceChange } from '@bulkhead/api';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { createApiClient, TRPCProvider, troubleOf } from '../../lib/api.ts';
import { TreeStore } from '../cgroup/tree-store.ts';
import { InventoryStore } from '../namespace/inventory-store.ts';
import { signInUrl } from '../session/sign-in-url.ts';
import { LiveStore, type Use } from './live-store.ts';
import { SharedSource } from './shared-source.ts';

const LiveContext = createContext<LiveStore | undefined>(undefined);

/** What is known of the whole host, and the streams that tell it while somebody looks. */
interface HostLive {
  inventory: InventoryStore;
  inventorySource: SharedSource<NamespaceChange>;
  tree: TreeStore;
  treeSource: SharedSource<CgroupChange>;
}

const HostContext = createContext<HostLive | undefined>(undefined);

function createHostLive(client: ReturnType<typeof createApiClient>['client']): HostLive {
  const inventory = new InventoryStore();
  const tree = new TreeStore();
  return {
    inventory,
    inventorySource: new SharedSource({
      subscribe: (handlers) => client.namespace.watch.subscribe({}, handlers),
      onItem: (change) => inventory.apply(change),
      onTrouble: (trouble) => inventory.applyTrouble(trouble),
    }),
    tree,
    treeSource: new SharedSource({
      subscribe: (handlers) => client.cgroup.watch.subscribe({}, handlers),
      onItem: (change) => tree.apply(change),
      onTrouble: (trouble) => tree.applyTrouble(trouble),
    }),
  };
}

const sessionEnded = 4401;

function leaveForSignIn(): void {
  window.location.assign(signInUrl(window.location));
}

function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 1_000,
        retry: (count, failure) => ['unavailable', undefined].includes(troubleOf(failure).problem) && count < 3,
        refetchOnWindowFocus: true,
        throwOnError: (failure) => {
          if (troubleOf(failure).problem === 'unauthenticated') leaveForSignIn();
          return false;
        },
      },
    },
  });
}

/** Opens the tab's one connection and keeps what comes over it, for every page below. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const [store] = useState(() => new LiveStore());
  const [queryClient] = useState(createQueryClient);
  const [{ client }] = useState(() =>
    createApiClient({
      onOpen: () => store.applyConnection('open'),
      onClose: (code) => {
        store.applyConnection('lost');
        // The server closed it on purpose, or refused it: whoever is signed out goes to the sign-in page.
        if (code === sessionEnded || code === undefined || code === 1006)
          client.session.current
            .query()
            .then((session) => session.role === 'anonymous' && leaveForSignIn())
            .catch(() => undefined);
      },
    }),
  );

  const [host] = useState(() => createHostLive(client));
  // What is used now is not known while nobody tells.
  useEffect(() => {
    const leave = store.subscribe('connection')(() => {
      if (store.connection === 'lost' || store.reachability?.reachable === false) host.tree.forgetUses();
    });
    return () => void leave();
  }, [store, host]);

  useEffect(() => {
    const subscriptions = [
      client.container.watch.subscribe({}, { onData: (change) => store.applyChange(change) }),
      client.event.watch.subscribe({}, { onData: (event) => store.applyEvent(event) }),
      client.host.watch.subscribe({}, { onData: (states) => store.applyReachability(states) }),
    ];
    return () => {
      for (const subscription of subscriptions) subscription.unsubscribe();
    };
  }, [client, store]);

  return (
    <QueryClientProvider client={queryClient}>
      <TRPCProvider trpcClient={client} queryClient={queryClient}>
        <LiveContext.Provider value={store}>
          <HostContext.Provider value={host}>
            <SampleSource client={client} store={store}>
              {children}
            </SampleSource>
          </HostContext.Provider>
        </LiveContext.Provider>
      </TRPCProvider>
    </QueryClientProvider>
  );
}

const SampleContext = createContext<{ acquire(): () => void } | undefined>(undefined);

/** Samples flow only while a page shows them. */
function SampleSource({
  client,
  store,
  children,
}: {
  client: ReturnType<typeof createApiClient>['client'];
  store: LiveStore;
  children: ReactNode;
}) {
  const open = useRef<{ count: number; unsubscribe(): void }>({ count: 0, unsubscribe: () => undefined });
  const [source] = useState(() => ({
    acquire: () => {
      if (open.current.count === 0) {
        const subscription = client.container.samples.subscribe({}, { onData: (round) => store.applyRound(round) });
        open.current.unsubscribe = () => subscription.unsubscribe();
      }
      open.current.count += 1;
      return () => {
        open.current.count -= 1;
        if (open.current.count === 0) open.current.unsubscribe();
      };
    },
  }));
  return <SampleContext.Provider value={source}>{children}</SampleContext.Provider>;
}

export function useLiveStore(): LiveStore {
  const store = useContext(LiveContext);
  if (store === undefined) throw new Error('useLiveStore is used outside LiveProvider');
  return store;
}

export function useHostLive(): HostLive {
  const host = useContext(HostContext);
  if (host === undefined) throw new Error('useHostLive is used outside LiveProvider');
  return host;
}

/** Keeps samples flowing while the calling component is shown. */
export function useSamples(): void {
  const source = useContext(SampleContext);
  useEffect(() => source?.acquire(), [source]);
}

const nothing = (): undefined => undefined;

export function useContainers() {
  const store = useLiveStore();
  return useSyncExternalStore(store.subscribe('containers'), () => store.containers, nothing);
}

export function useLeaving() {
  const store = useLiveStore();
  return useSyncExternalStore(
    store.subscribe('containers'),
    () => store.leaving,
    () => store.leaving,
  );
}

export function useContainer(id: string) {
  const store = useLiveStore();
  return useSyncExternalStore(store.subscribe('containers'), () => store.containers?.get(id), nothing);
}

export function useUse(id: string): Use | undefined {
  const store = useLiveStore();
  return useSyncExternalStore(store.subscribe('use'), () => store.latestUse(id), nothing);
}

export function useConnection() {
  const store = useLiveStore();
  const connection = useSyncExternalStore(
    store.subscribe('connection'),
    () => store.connection,
    () => 'connecting' as const,
  );
  const reachability = useSyncExternalStore(store.subscribe('connection'), () => store.reachability, nothing);
  return { connection, reachability };
}
