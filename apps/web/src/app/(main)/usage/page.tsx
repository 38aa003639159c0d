import type { Metadata } from 'next';
import { getTranslations } from 'next-intl/server';
import { UsagePage } from '../../../features/usage/usage-page.tsx';

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations('usage'))('title') };
}

export default function Page() {
  return <UsagePage />;
}
