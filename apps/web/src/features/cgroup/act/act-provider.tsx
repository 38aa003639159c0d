'use client';
import dynamic from 'next/dynamic';
import { createDialogHost } from '../../../components/dialog-host.tsx';
import type { AskedOfCgroup } from './actions.ts';

const ActDialog = dynamic(() => import('./act-dialog.tsx').then((module) => module.ActDialog), { ssr: false });

/** Holds the dialog of what is done to a cgroup: a removed one takes its row away, and not what is told of it. */
export const { Provider: CgroupActProvider, useAsk: useCgroupAct } = createDialogHost<AskedOfCgroup>(ActDialog, 'CgroupActProvider');
