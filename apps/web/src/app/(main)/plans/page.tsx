import type { Metadata } from 'next';
import { getTranslations } from 'next-intl/server';
import { PlansPage } from '../../../features/billing/plans-page.tsx';
import { readSession } from '../../../lib/session.ts';

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations('billing'))('plans.title') };
}

export default async function Page() {
  return <PlansPage administrator={(await readSession()).tenants === 'all'} />;
}
