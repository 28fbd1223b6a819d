// Run once by the filters, with `element`, `trigger` and `watch`. The list is only ever asked for from here, with what stands in
// the form at that moment: so no answer to an older question can take its place.
const form = () => element.querySelector('form');
let kept = {};
let page = '0';
let waiting = 0;

const values = () => Object.fromEntries([...new FormData(form())].map(([name, value]) => [name, String(value)]));

function send(offset) {
  clearTimeout(waiting);
  page = offset;
  kept = values();
  trigger('submit', {...kept, offset});
}

// Drawn anew because the collection is another: what was typed stays.
function ask() {
  if (!form()) return;
  for (const [name, value] of Object.entries(kept)) {
    const field = form().elements[name];
    if (field) field.value = value;
  }
  send(page);
}

watch('value', ask);
ask();

element.addEventListener('input', event => {
  kept = values();
  clearTimeout(waiting);
  waiting = setTimeout(() => send('0'), event.target.name === 'search' ? 250 : 0);
});
element.addEventListener('submit', event => {
  event.preventDefault();
  send('0');
});
element.addEventListener('reset', () => setTimeout(() => send('0')));

document.addEventListener('click', event => {
  const button = event.target.closest('#entries button[data-offset]');
  if (!button) return;
  send(button.dataset.offset);
  document.getElementById('library')?.scrollTo(0, 0);
  element.querySelector('[name=search]')?.focus({preventScroll: true});
});
