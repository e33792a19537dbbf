// Says where PowerShell scripts do not parse: node parse.mjs FILE …   Exits with 1 when one does not.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { Language, Parser } from 'web-tree-sitter';

function* mistakes(node) {
  if (node.isError || node.isMissing) {
    yield node;
  } else if (node.hasError) {
    for (const child of node.children) {
      yield* mistakes(child);
    }
  }
}

// Optimizing the grammar's one huge function takes many seconds, and parsing a script with it as it is none.
setFlagsFromString('--liftoff-only');
await Parser.init();
const grammar = fileURLToPath(new URL('node_modules/tree-sitter-powershell/tree-sitter-powershell.wasm', import.meta.url));
const parser = new Parser();
parser.setLanguage(await Language.load(grammar));
for (const file of process.argv.slice(2)) {
  const tree = parser.parse(readFileSync(file, 'utf8'));
  for (const node of mistakes(tree.rootNode)) {
    const { row, column } = node.startPosition;
    console.log(`${file}:${row + 1}:${column + 1}: ${node.isMissing ? `${node.type} is missing` : `not PowerShell: ${node.text.split('\n')[0]}`}`);
    process.exitCode = 1;
  }
}
