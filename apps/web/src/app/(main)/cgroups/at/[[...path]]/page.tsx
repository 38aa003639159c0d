import { AdministratorOnly } from '../../../../../components/administrator-only.tsx';
import { CgroupPage } from '../../../../../features/cgroup/cgroup-page.tsx';

export default function Page() {
  return (
    <AdministratorOnly>
      <CgroupPage />
    </AdministratorOnly>
  );
}
