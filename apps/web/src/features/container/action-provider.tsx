'use client';
import type { Container } from '@bulkhead/model';
import dynamic from 'next/dynamic';
import { createDialogHost } from '../../components/dialog-host.tsx';
import type { ContainerAction } from './actions.ts';

const ActionDialog = dynamic(() => import('./action-dialog.tsx').then((module) => module.ActionDialog), { ssr: false });

interface Asked {
  container: Container;
  action: ContainerAction;
  onDone?: (() => void) | undefined;
}

/** Holds the dialog of an action on a container: a deleted one takes its row away, and not what is told of it. */
export const { Provider: ActionProvider, useAsk: useAction } = createDialogHost<Asked>(ActionDialog, 'ActionProvider');
