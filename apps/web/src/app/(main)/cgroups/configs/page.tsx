import type { Metadata } from 'next';
import { getTranslations } from 'next-intl/server';
import { AdministratorOnly } from '../../../../components/administrator-only.tsx';
import { ConfigsPage } from '../../../../features/cgroup/config/configs-page.tsx';

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations('cgconfig'))('title') };
}

export default function Page() {
  return (
    <AdministratorOnly>
      <ConfigsPage />
    </AdministratorOnly>
  );
}
