import { NamespacesTab } from '../../../../../features/container/detail/namespaces-tab.tsx';

export default function Page() {
  return <NamespacesTab />;
}
