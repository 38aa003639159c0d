'use client';
import { useTranslations } from 'next-intl';
import { Empty } from '../../../components/empty.tsx';
import { Link } from '../../../components/link.tsx';
import { Section } from '../../../components/page-head.tsx';
import { StateMark } from '../../../components/state-mark.tsx';
import table from '../../../components/table.module.css';
import { TableScroll } from '../../../components/table-scroll.tsx';
import { namespaceHref } from '../../namespace/namespaces-url.ts';
import { useShown } from './container-frame.tsx';

/** The container's namespaces by their identity, and whether they are its own or the host's. */
export function NamespacesTab() {
  const t = useTranslations('namespaces');
  const { detail } = useShown();
  if (detail === undefined || detail.namespaces.length === 0) return <Empty title={t('none.title')}>{t('none.what')}</Empty>;
  return (
    <Section title={t('title')} aside={t('what')}>
      <TableScroll label={t('title')}>
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col">{t('type')}</th>
              <th scope="col" className={table.spare}>
                {t('isolates')}
              </th>
              <th scope="col" className={table.number}>
                {t('device')}
              </th>
              <th scope="col" className={table.number}>
                {t('inode')}
              </th>
              <th scope="col">{t('whose')}</th>
            </tr>
          </thead>
          <tbody>
            {detail.namespaces.map((namespace) => (
              <tr key={namespace.type}>
                <th scope="row">{namespace.type}</th>
                <td className={`${table.soft} ${table.spare}`}>{t(`kind.${namespace.type}`)}</td>
                <td className={table.number}>{namespace.dev}</td>
                <td className={table.number}>
                  <Link className={table.link} href={namespaceHref(`${namespace.dev}-${namespace.ino}`)}>
                    {namespace.ino}
                  </Link>
                </td>
                <td>
                  {/* The host's clock is shared unless an own one was asked for; any other shared namespace is worth a look. */}
                  <StateMark state={namespace.initial ? (namespace.type === 'time' ? 'unknown' : 'attention') : 'good'}>
                    {namespace.initial ? t('hosts') : t('own')}
                  </StateMark>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </Section>
  );
}
