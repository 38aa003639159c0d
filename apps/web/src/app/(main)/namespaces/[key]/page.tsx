import { NamespacePage } from '../../../../features/namespace/namespace-page.tsx';

export default function Page() {
  return <NamespacePage />;
}
