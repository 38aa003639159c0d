'use client';
import dynamic from 'next/dynamic';
import { createDialogHost } from '../../../components/dialog-host.tsx';
import type { CgroupDeed } from './actions.ts';

const ActDialog = dynamic(() => import('./act-dialog.tsx').then((module) => module.ActDialog), { ssr: false });

export interface AskedOfCgroup {
  deed: CgroupDeed;
  /** Told once it is done and the dialog is left, with the group that it was done to: the new one, where one was made. */
  onDone?: ((path: string) => void) | undefined;
}

/** Holds the dialog of what is done to a cgroup: a removed one takes its row away, and not what is told of it. */
export const { Provider: CgroupActProvider, useAsk: useCgroupAct } = createDialogHost<AskedOfCgroup>(ActDialog, 'CgroupActProvider');
