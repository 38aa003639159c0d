import { getTranslations } from 'next-intl/server';
import { Link } from '../components/link.tsx';
import css from './fault.module.css';

export default async function NotFound() {
  const t = await getTranslations('notFound');
  return (
    <main className={css.page}>
      <h1>{t('title')}</h1>
      <p>{t('what')}</p>
      <Link className={css.link} href="/">
        {t('back')}
      </Link>
    </main>
  );
}
