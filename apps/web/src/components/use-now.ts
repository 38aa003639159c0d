'use client';
import { useSyncExternalStore } from 'react';

const tickMsec = 1_000;
let nowMsec = 0;
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === undefined) {
    nowMsec = Date.now();
    timer = setInterval(() => {
      nowMsec = Date.now();
      for (const tell of listeners) tell();
    }, tickMsec);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** One clock for all times on a page; 0 while the server renders, which knows neither the reader's clock nor zone. */
export function useNow(): number {
  return useSyncExternalStore(
    subscribe,
    () => {
      if (nowMsec === 0) nowMsec = Date.now();
      return nowMsec;
    },
    () => 0,
  );
}
