'use client';
import { useEffect, useSyncExternalStore } from 'react';
import { useHostLive } from '../live/live-provider.tsx';
import { type Inventory, unknownInventory } from './inventory-store.ts';

const unknown = (): Inventory => unknownInventory;

/** Namespaces and workloads, live while the calling component is shown. */
export function useInventory(enabled = true): Inventory {
  const { inventory, inventorySource } = useHostLive();
  useEffect(() => (enabled ? inventorySource.acquire() : undefined), [inventorySource, enabled]);
  return useSyncExternalStore(inventory.subscribe, inventory.view, unknown);
}
