import type { ReactNode } from 'react';
import { Shell } from '../../components/shell.tsx';
import { CgroupActProvider } from '../../features/cgroup/act/act-provider.tsx';
import { ActionProvider } from '../../features/container/action-provider.tsx';
import { LiveProvider } from '../../features/live/live-provider.tsx';
import { readSession } from '../../lib/session.ts';

export default async function MainLayout({ children }: { children: ReactNode }) {
  return (
    <LiveProvider>
      <ActionProvider>
        <CgroupActProvider>
          <Shell session={await readSession()}>{children}</Shell>
        </CgroupActProvider>
      </ActionProvider>
    </LiveProvider>
  );
}
