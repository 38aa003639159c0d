'use client';
import type { Container } from '@bulkhead/model';
import dynamic from 'next/dynamic';
import { createContext, type ReactNode, useCallback, useContext, useState } from 'react';
import type { ContainerAction } from './actions.ts';

const ActionDialog = dynamic(() => import('./action-dialog.tsx').then((module) => module.ActionDialog), { ssr: false });

interface Asked {
  container: Container;
  action: ContainerAction;
  onDone?: (() => void) | undefined;
}

const ActionContext = createContext<((asked: Asked) => void) | undefined>(undefined);

/** Holds the dialog of an action above the pages: a deleted container takes its row away, and not what is told of it. */
export function ActionProvider({ children }: { children: ReactNode }) {
  const [asked, setAsked] = useState<Asked>();
  const close = useCallback(() => setAsked(undefined), []);
  return (
    <ActionContext.Provider value={setAsked}>
      {children}
      {asked && <ActionDialog {...asked} close={close} />}
    </ActionContext.Provider>
  );
}

/** Opens the dialog of an action. */
export function useAction(): (asked: Asked) => void {
  const ask = useContext(ActionContext);
  if (ask === undefined) throw new Error('useAction is used outside ActionProvider');
  return ask;
}
