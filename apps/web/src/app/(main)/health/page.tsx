import type { Metadata } from 'next';
import { getTranslations } from 'next-intl/server';
import { AdministratorOnly } from '../../../components/administrator-only.tsx';
import { DoctorPage } from '../../../features/doctor/doctor-page.tsx';

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations('doctor'))('title') };
}

export default function Page() {
  return (
    <AdministratorOnly>
      <DoctorPage />
    </AdministratorOnly>
  );
}
