import type { ReactNode } from 'react';
import { Shell } from '../../components/shell.tsx';
import { LiveProvider } from '../../features/live/live-provider.tsx';
import { readSession } from '../../lib/session.ts';

export default async function MainLayout({ children }: { children: ReactNode }) {
  return (
    <LiveProvider>
      <Shell session={await readSession()}>{children}</Shell>
    </LiveProvider>
  );
}
