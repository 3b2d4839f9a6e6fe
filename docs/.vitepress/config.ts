import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DefaultTheme, defineConfig } from 'vitepress';

const DOCS = fileURLToPath(new URL('..', import.meta.url));
const PROJECT = dirname(normalize(DOCS).replace(/[/\\]$/, ''));
const REPOSITORY = 'https://github.com/freshet-dev/freshet';

/** A link from a page to a file outside of docs/ leads to the repository. Throws if there is no such file. */
function repositoryLink(page: string, link: string): string {
  const [path = '', anchor] = link.split('#');
  const file = join(dirname(page), path);
  if (!relative(DOCS, file).startsWith('..')) return link;
  if (!existsSync(file)) throw new Error(`${relative(PROJECT, page)}: there is no file ${relative(PROJECT, file)}`);
  const inRepository = relative(PROJECT, file).replaceAll('\\', '/');
  return `${REPOSITORY}/blob/main/${inRepository}${anchor === undefined ? '' : `#${anchor}`}`;
}

const sidebarFile = join(DOCS, 'reference', 'typedoc-sidebar.json');

/** The pages of one sidebar group: a file name without its ending, and the text to show. */
const group = (text: string, pages: readonly [string, string][]): DefaultTheme.SidebarItem => ({
  text,
  items: pages.map(([page, title]) => ({ text: title, link: `/${page}` })),
});

export default defineConfig({
  title: 'Freshet',
  description: 'Local read-only caches of the reference data that other services own, on AWS',
  srcDir: '.',
  outDir: '.vitepress/dist',
  cleanUrls: true,
  // Pages keep the names that GitHub shows; the site opens with the index.
  rewrites: { 'README.md': 'index.md', 'decisions/README.md': 'decisions/index.md' },
  srcExclude: ['node_modules/**'],
  ignoreDeadLinks: false,
  markdown: {
    config(md) {
      md.core.ruler.push('links-to-the-repository', ({ tokens, env }) => {
        const page = join(DOCS, env.relativePath ?? '');
        for (const token of tokens.flatMap(({ children }) => children ?? [])) {
          const href = token.attrGet('href');
          if (token.type === 'link_open' && href?.startsWith('.')) token.attrSet('href', repositoryLink(page, href));
        }
      });
    },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Guide', link: '/architecture' },
      { text: 'Reference', link: '/reference/' },
      { text: 'Runbook', link: '/runbook' },
      { text: 'Decisions', link: '/decisions/' },
    ],
    socialLinks: [{ icon: 'github', link: REPOSITORY }],
    sidebar: [
      group('Understand', [
        ['architecture', 'Architecture'],
        ['glossary', 'Glossary'],
        ['when-to-use', 'When to use what'],
        ['proof', 'Promises and proof'],
      ]),
      group('Use', [
        ['adopt', 'Adopt an existing table'],
        ['own-database', 'An owner on another database'],
        ['commands', 'Commands'],
        ['compatibility', 'Compatibility'],
        ['local-cloud', 'The local cloud'],
        ['localstack', 'LocalStack'],
        ['types', 'Types, readers and tests'],
        ['checks', 'Checks at synthesis'],
        ['cost', 'Cost'],
      ]),
      group('Operate', [
        ['deploy', 'Deploy and upgrade'],
        ['runbook', 'Runbook'],
        ['restore', 'Restore from a backup'],
        ['backpressure', 'Backpressure'],
      ]),
      group('Measured', [
        ['reliability', 'Reliability'],
        ['performance', 'Performance'],
        ['ordering', 'Ordering'],
        ['comparison', 'Comparison'],
      ]),
      {
        text: 'API reference',
        collapsed: true,
        items: existsSync(sidebarFile) ? JSON.parse(readFileSync(sidebarFile, 'utf8')) : [],
      },
    ],
  },
});
