'use client';
import type { LabChange } from '@bulkhead/api';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { useTRPCClient } from '../../lib/api.ts';
import { SharedSource } from '../live/shared-source.ts';
import { type LabRuns, LabStore, unknownRuns } from './lab-store.ts';

const unknown = (): LabRuns => unknownRuns;

/** The last run of each lab, live while the calling component is shown. */
export function useLabRuns(): LabRuns {
  const client = useTRPCClient();
  const [{ store, source }] = useState(() => {
    const made = new LabStore();
    return {
      store: made,
      source: new SharedSource<LabChange>({
        subscribe: (handlers) => client.lab.watch.subscribe({}, handlers),
        onItem: (change) => made.apply(change),
        onTrouble: (trouble) => made.applyTrouble(trouble),
      }),
    };
  });
  useEffect(() => source.acquire(), [source]);
  return useSyncExternalStore(store.subscribe, store.view, unknown);
}
