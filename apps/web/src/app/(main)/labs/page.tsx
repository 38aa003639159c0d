import type { Metadata } from 'next';
import { getTranslations } from 'next-intl/server';
import { AdministratorOnly } from '../../../components/administrator-only.tsx';
import { LabsPage } from '../../../features/lab/labs-page.tsx';

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations('labs'))('title') };
}

export default function Page() {
  return (
    <AdministratorOnly>
      <LabsPage />
    </AdministratorOnly>
  );
}
