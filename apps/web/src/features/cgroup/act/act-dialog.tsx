'use client';
import type { CgroupController, Transcript } from '@bulkhead/model';
import { Button, Checkbox, Group, Modal, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslations } from 'next-intl';
import { type FormEvent, useMemo, useState } from 'react';
import { Notice } from '../../../components/notice.tsx';
import { RowsSkeleton } from '../../../components/rows-skeleton.tsx';
import { TroubleNotice } from '../../../components/trouble-notice.tsx';
import { type ApiClient, type Trouble, troubleOf, useTRPC, useTRPCClient } from '../../../lib/api.ts';
import { TranscriptView } from '../../event/transcript-view.tsx';
import { nameOf } from '../rows.ts';
import { useCgroupWords } from '../use-cgroup-words.ts';
import { useTree } from '../use-tree.ts';
import css from './act.module.css';
import { type AskedOfCgroup, type CgroupDeed, destroys, parsePids } from './actions.ts';
import { askedOf, type PlanAsked } from './asked.ts';
import { controllerChoices } from './controller-choices.ts';
import { CreateFields } from './create-fields.tsx';
import { MoveFields } from './move-fields.tsx';
import { PlanView } from './plan-view.tsx';
import { usePlan } from './use-plan.ts';

interface Answers {
  recursive: boolean;
  confirmed: boolean;
  /** Undefined: those that are usual on this host. */
  controllers: CgroupController[] | undefined;
}

async function act(client: ApiClient, asked: PlanAsked, { recursive, confirmed, controllers }: Answers): Promise<Transcript> {
  const { path, verb, changes = [], pids = [], enableControllers = false } = asked;
  const consent = { path, confirmed };
  switch (verb) {
    case 'set':
      return (await client.cgroup.set.mutate({ ...consent, changes, enableControllers })).transcript;
    case 'create':
      return (await client.cgroup.create.mutate({ ...consent, ...(controllers === undefined ? {} : { controllers }) })).transcript;
    case 'move':
      return (await client.cgroup.move.mutate({ ...consent, pids })).transcript;
    case 'remove':
      return (await client.cgroup.remove.mutate({ ...consent, recursive })).transcript;
    default:
      return (await client.cgroup[verb].mutate(consent)).transcript;
  }
}

/** Controllers that a new group can have here; nothing is asked for another verb. */
function useChoices(verb: CgroupDeed['verb']) {
  const trpc = useTRPC();
  const { data } = useQuery({ ...trpc.cgroup.controllers.queryOptions({}), enabled: verb === 'create' });
  return useMemo(() => controllerChoices(data?.hierarchies ?? []), [data]);
}

/** How many processes and groups a verb meets. */
function useMet({ verb, path }: CgroupDeed, isDone: boolean) {
  const trpc = useTRPC();
  const { cgroups } = useTree();
  const counts = verb !== 'set' && verb !== 'create';
  const below = verb !== 'move';
  const { data } = useQuery({
    ...trpc.cgroup.processes.queryOptions({ path, below }),
    enabled: counts && !isDone,
    retry: false,
    gcTime: 0,
  });
  const groups = [...(cgroups?.keys() ?? [])].filter((each) => each.startsWith(`${path}/`)).length;
  return { processes: data, groups };
}

/** Says what is about to be done to a cgroup and whose it is, does it, and shows how it was done. */
export function ActDialog({ deed: asked, onDone, close }: AskedOfCgroup & { close(): void }) {
  const t = useTranslations('cgroupAct');
  const client = useTRPCClient();
  const trpc = useTRPC();
  const queries = useQueryClient();
  const words = useCgroupWords();
  // What is live may go while the dialog is open; it goes on speaking of what was chosen.
  const [deed] = useState(asked);
  const { verb, path } = deed;
  const [name, setName] = useState('');
  const [target, setTarget] = useState('');
  const [pidsText, setPidsText] = useState(verb === 'move' ? deed.pids?.join(' ') : undefined);
  const [answers, setAnswers] = useState<Answers>({ recursive: false, confirmed: false, controllers: undefined });
  const [typed, setTyped] = useState('');
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<Trouble>();
  const [done, setDone] = useState<{ path: string; transcript: Transcript }>();
  const { processes, groups } = useMet(deed, done !== undefined);
  const choices = useChoices(verb);
  const controllers = answers.controllers ?? choices.filter(({ usual }) => usual).map(({ controller }) => controller);
  const pids = pidsText === undefined ? processes?.processes.map(({ pid }) => pid) : parsePids(pidsText);
  const plan = askedOf(deed, { name, target, pids: pids ?? [] });
  const { preview, error, isAsking } = usePlan(done === undefined ? plan : undefined);

  const isBlocked =
    (verb === 'remove' && ((processes?.count ?? 0) > 0 || (groups > 0 && !answers.recursive))) ||
    (verb === 'create' && controllers.length === 0) ||
    (verb === 'set' && preview?.plan.steps.length === 0);
  const mayGo =
    preview !== undefined &&
    preview.refusal === undefined &&
    !isBlocked &&
    (!preview.ownership.confirm || answers.confirmed) &&
    (!destroys(verb) || typed === nameOf(path));

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (plan === undefined || !mayGo) return;
    setBusy(true);
    setTrouble(undefined);
    try {
      setDone({ path: plan.path, transcript: await act(client, plan, { ...answers, controllers }) });
      // Of a group that is gone nothing more is asked.
      if (verb !== 'remove') void queries.invalidateQueries(trpc.cgroup.pathFilter());
    } catch (failure) {
      setTrouble(troubleOf(failure));
    } finally {
      setBusy(false);
    }
  };
  const leave = () => {
    close();
    if (done !== undefined) onDone?.(done.path);
  };
  const shownName = nameOf(path);

  return (
    <Modal
      opened
      onClose={leave}
      title={t(`${verb}.title`, { name: shownName })}
      size={done ? 'xl' : 'lg'}
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      {done ? (
        <div className={css.form} data-done={verb}>
          <Notice state="good" title={t(`${verb}.done`, { name: nameOf(done.path) })} />
          <TranscriptView transcript={done.transcript} />
          <Group justify="flex-end">
            <Button onClick={leave} data-autofocus>
              {t('close')}
            </Button>
          </Group>
        </div>
      ) : (
        <form className={css.form} onSubmit={(event) => void submit(event)}>
          <p>
            {verb === 'freeze' || verb === 'thaw' || verb === 'kill'
              ? t(`${verb}.what`, { count: processes?.count ?? 0 })
              : t(`${verb}.what`)}{' '}
            <code className={css.path}>{path}</code>
          </p>
          {verb === 'create' && (
            <CreateFields
              parent={path}
              name={name}
              onName={setName}
              choices={choices}
              chosen={controllers}
              onControllers={(next) => setAnswers({ ...answers, controllers: next })}
            />
          )}
          {verb === 'move' && (
            <MoveFields
              from={path}
              target={target}
              onTarget={setTarget}
              pids={pidsText ?? processes?.processes.map(({ pid }) => pid).join(' ') ?? ''}
              onPids={setPidsText}
            />
          )}
          {verb === 'remove' && groups > 0 && (
            <Checkbox
              label={t('remove.recursive', { count: groups })}
              checked={answers.recursive}
              onChange={(event) => setAnswers({ ...answers, recursive: event.currentTarget.checked })}
            />
          )}
          {verb === 'remove' && (processes?.count ?? 0) > 0 && (
            <Notice state="bad" title={t('remove.busy', { count: processes?.count ?? 0 })}>
              {t('remove.busyWhat')}
            </Notice>
          )}
          {error && <TroubleNotice trouble={words.trouble(troubleOf(error))} />}
          {preview !== undefined ? <PlanView verb={verb} planned={preview} /> : isAsking && !error && <RowsSkeleton rows={3} height={28} />}
          {preview?.ownership.confirm === true && preview.refusal === undefined && (
            <Checkbox
              label={t('confirm', { name: preview.ownership.maker.name })}
              checked={answers.confirmed}
              onChange={(event) => setAnswers({ ...answers, confirmed: event.currentTarget.checked })}
            />
          )}
          {destroys(verb) && preview?.refusal === undefined && (
            <TextInput
              label={t.rich('typeName', { name: shownName, code: (text) => <code>{text}</code> })}
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
              autoComplete="off"
              spellCheck={false}
              data-autofocus
            />
          )}
          {trouble && <TroubleNotice trouble={words.trouble(trouble)} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={leave} disabled={busy}>
              {t('cancel')}
            </Button>
            <Button type="submit" loading={busy} disabled={!mayGo} {...(destroys(verb) ? { color: 'red.8' } : {})}>
              {t(`${verb}.go`)}
            </Button>
          </Group>
        </form>
      )}
    </Modal>
  );
}
