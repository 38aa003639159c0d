import type { Metadata } from 'next';
import { InvoicePage } from '../../../../features/billing/invoice-page.tsx';

interface Params {
  params: Promise<{ number: string }>;
}

export async function generateMetadata({ params }: Params): Promise<Metadata> {
  return { title: decodeURIComponent((await params).number) };
}

export default async function Page({ params }: Params) {
  return <InvoicePage number={decodeURIComponent((await params).number)} />;
}
