import type { Metadata } from 'next';
import { getTranslations } from 'next-intl/server';
import { ContainersPage } from '../../../features/container/containers-page.tsx';
import { readSession } from '../../../lib/session.ts';

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations('containers'))('title') };
}

export default async function Page() {
  return <ContainersPage administrator={(await readSession()).tenants === 'all'} />;
}
