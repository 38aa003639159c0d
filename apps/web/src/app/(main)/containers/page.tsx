import type { Metadata } from 'next';
import { getTranslations } from 'next-intl/server';
import { ContainersPage } from '../../../features/container/containers-page.tsx';

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations('containers'))('title') };
}

export default function Page() {
  return <ContainersPage />;
}
