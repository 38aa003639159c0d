import type { Metadata } from 'next';
import { getTranslations } from 'next-intl/server';
import { SetupForm } from '../../../features/setup/setup-form.tsx';

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations('setup'))('title') };
}

export default function SetupPage() {
  return <SetupForm />;
}
