import type { Metadata } from 'next';
import { getTranslations } from 'next-intl/server';
import { OverviewPage } from '../../features/host/overview-page.tsx';
import { readSession } from '../../lib/session.ts';

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations('overview'))('title') };
}

export default async function Page() {
  return <OverviewPage session={await readSession()} />;
}
