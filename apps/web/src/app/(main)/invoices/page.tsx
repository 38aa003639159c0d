import type { Metadata } from 'next';
import { getTranslations } from 'next-intl/server';
import { InvoicesPage } from '../../../features/billing/invoices-page.tsx';

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations('billing'))('invoices.title') };
}

export default function Page() {
  return <InvoicesPage />;
}
