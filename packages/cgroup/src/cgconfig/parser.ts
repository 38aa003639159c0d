import { ConfigError } from './config-error.ts';
import { type Token, tokens } from './lexer.ts';
import {
  type Assignment,
  type AssignmentsSection,
  bounds,
  type Config,
  type ControllerSection,
  type DefaultSection,
  type GroupSection,
  type Keyword,
  type Permissions,
  type Section,
  type Word,
} from './syntax.ts';

const describe = (token: Token): string => {
  switch (token.kind) {
    case 'end':
      return 'the end of the file';
    case 'word':
      return `the word ${JSON.stringify(token.text.length > 60 ? `${token.text.slice(0, 60)}…` : token.text)}`;
    default:
      return `"${token.text}"`;
  }
};

/** Recursive descent without recursion: the grammar nests four deep and no deeper. */
class Parser {
  readonly #text: string;
  readonly #tokens: Generator<Token, void, void>;
  #next: Token;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokens(text);
    this.#next = this.#advance();
  }

  #advance(): Token {
    const { value } = this.#tokens.next();
    if (value === undefined) return this.#next;
    return value;
  }

  #take(): Token {
    const taken = this.#next;
    this.#next = this.#advance();
    return taken;
  }

  #fail(expected: string): never {
    const quoted =
      this.#next.kind === 'keyword' && expected.startsWith('the ')
        ? ` (a name or value of this word is written "${this.#next.text}", with quotation marks)`
        : '';
    throw new ConfigError(this.#text, this.#next.at, `expected ${expected}, found ${describe(this.#next)}${quoted}`);
  }

  #mark(mark: '{' | '}' | '=' | ';', instead = `"${mark}"`): void {
    if (this.#next.kind !== 'mark' || this.#next.text !== mark) this.#fail(instead);
    this.#take();
  }

  #keyword(keyword: Keyword): void {
    if (!this.#is(keyword)) this.#fail(`"${keyword}"`);
    this.#take();
  }

  #is(keyword: Keyword): boolean {
    return this.#next.kind === 'keyword' && this.#next.text === keyword;
  }

  #isClosing(): boolean {
    return this.#next.kind === 'mark' && this.#next.text === '}';
  }

  #word(expected: string): Word {
    if (this.#next.kind !== 'word') this.#fail(expected);
    const { text, at } = this.#next;
    this.#take();
    return { text, at };
  }

  /** `{ name = value; … }` */
  #assignments(what: string, mayBeEmpty: boolean): Assignment[] {
    this.#mark('{');
    const found: Assignment[] = [];
    while (!this.#isClosing() || (found.length === 0 && !mayBeEmpty)) {
      if (found.length === bounds.assignments)
        throw new ConfigError(this.#text, this.#next.at, `more than ${bounds.assignments} settings in one section`);
      if (this.#next.kind !== 'word') this.#fail(found.length === 0 && !mayBeEmpty ? `the name of ${what}` : `the name of ${what} or "}"`);
      const name = this.#word(`the name of ${what}`);
      this.#mark('=');
      const value = this.#word(`the value of ${name.text}`);
      this.#mark(';', `";" after the value of ${name.text}`);
      found.push({ name, value });
    }
    this.#mark('}');
    return found;
  }

  /** `perm { task { … } admin { … } }`: both, in either order. */
  #permissions(): Permissions {
    const { at } = this.#take();
    this.#mark('{');
    const first = this.#is('task') ? 'task' : this.#is('admin') ? 'admin' : this.#fail('"task" or "admin"');
    const second = first === 'task' ? 'admin' : 'task';
    this.#take();
    const ofFirst = this.#assignments('a permission (uid, gid, fperm)', false);
    this.#keyword(second);
    const ofSecond = this.#assignments('a permission (uid, gid, fperm)', false);
    this.#mark('}');
    return first === 'task' ? { at, first, task: ofFirst, admin: ofSecond } : { at, first, task: ofSecond, admin: ofFirst };
  }

  #group(kind: 'group' | 'template'): GroupSection {
    const { at } = this.#take();
    const name: Word =
      kind === 'group' && this.#next.kind === 'keyword' && this.#next.text === 'default'
        ? { text: 'default', at: this.#take().at }
        : this.#word(`the name of the ${kind}`);
    this.#mark('{');
    const permissions = this.#is('perm') ? this.#permissions() : undefined;
    const controllers: ControllerSection[] = [];
    while (!this.#isClosing() || (permissions === undefined && controllers.length === 0)) {
      if (this.#is('perm'))
        throw new ConfigError(
          this.#text,
          this.#next.at,
          permissions === undefined
            ? '"perm" must stand before the controllers of its group'
            : 'a group has one "perm", and it stands before the controllers',
        );
      if (controllers.length === bounds.controllers)
        throw new ConfigError(this.#text, this.#next.at, `more than ${bounds.controllers} controllers in one group`);
      const isFirst = permissions === undefined && controllers.length === 0;
      const controller = this.#word(isFirst ? '"perm" or the name of a controller' : 'the name of a controller or "}"');
      const before = controllers.find((each) => each.controller.text === controller.text);
      if (before !== undefined)
        throw new ConfigError(
          this.#text,
          controller.at,
          `the controller ${controller.text} stands in this group already, in line ${before.controller.at.line}`,
        );
      const settings = this.#assignments(`a file of ${controller.text}`, true);
      this.#checkNames(settings);
      controllers.push({ controller, settings });
    }
    this.#mark('}');
    return { kind, at, name, permissions, controllers };
  }

  /** libcgroup takes a file once in a section; several lines for one file go into one value. */
  #checkNames(settings: readonly Assignment[]): void {
    const seen = new Map<string, number>();
    for (const { name } of settings) {
      const line = seen.get(name.text);
      if (line !== undefined) throw new ConfigError(this.#text, name.at, `${name.text} is set in this section already, in line ${line}`);
      seen.set(name.text, name.at.line);
    }
  }

  #default(): DefaultSection {
    const { at } = this.#take();
    this.#mark('{');
    if (!this.#is('perm')) this.#fail('"perm"');
    const permissions = this.#permissions();
    this.#mark('}');
    return { kind: 'default', at, permissions };
  }

  #assignmentsSection(kind: AssignmentsSection['kind'], what: string): AssignmentsSection {
    const { at } = this.#take();
    return { kind, at, assignments: this.#assignments(what, false) };
  }

  #section(): Section {
    if (this.#next.kind === 'keyword')
      switch (this.#next.text) {
        case 'group':
        case 'template':
          return this.#group(this.#next.text);
        case 'default':
          return this.#default();
        case 'mount':
        case 'namespace':
          return this.#assignmentsSection(this.#next.text, 'a controller');
        case 'systemd':
          return this.#assignmentsSection('systemd', 'a setting (slice, scope, setdefault, pid)');
        default:
      }
    return this.#fail('"group", "template", "mount", "default", "namespace" or "systemd"');
  }

  config(): Config {
    const sections: Section[] = [];
    while (this.#next.kind !== 'end') {
      if (sections.length === bounds.sections)
        throw new ConfigError(this.#text, this.#next.at, `more than ${bounds.sections} sections in one file`);
      sections.push(this.#section());
    }
    return { sections };
  }
}

/**
 * Reads a cgconfig.conf. What libcgroup's grammar takes is taken, and nothing else, so that a file that passes here is one
 * for libcgroup too.
 *
 * @throws ConfigError with line, column, what was expected and what was found
 */
export const parseConfig = (text: string): Config => new Parser(text).config();
