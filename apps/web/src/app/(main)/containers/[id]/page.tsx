import { OverviewTab } from '../../../../features/container/detail/overview-tab.tsx';

export default function Page() {
  return <OverviewTab />;
}
