import type { Metadata } from 'next';
import { getTranslations } from 'next-intl/server';
import { NamespacesPage } from '../../../features/namespace/namespaces-page.tsx';

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations('namespacesPage'))('title') };
}

export default function Page() {
  return <NamespacesPage />;
}
