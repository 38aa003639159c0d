import type { Metadata } from 'next';
import { getTranslations } from 'next-intl/server';
import { AdministratorOnly } from '../../../components/administrator-only.tsx';
import { CgroupsPage } from '../../../features/cgroup/cgroups-page.tsx';

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations('cgroups'))('title') };
}

export default function Page() {
  return (
    <AdministratorOnly>
      <CgroupsPage />
    </AdministratorOnly>
  );
}
