// Run once by the filters, with `element` and `trigger`. The list is only ever asked for from here, with what stands in
// the form at that moment: so no answer to an older question can take its place.
const form = () => element.querySelector('form');
let kept = {};
let page = '0';
let waiting = 0;

const values = () => Object.fromEntries([...new FormData(form())].map(([name, value]) => [name, String(value)]));

let asked = 0;     // the number of the last question, which its answer carries
let pending = 0;   // the one whose answer is still to come
let changed = false;

// One question at a time, and the last one always: Gradio's own "always_last" may ask with what was typed before.
function send(offset) {
  clearTimeout(waiting);
  page = offset;
  kept = values();
  if (pending) {
    changed = true;
    return;
  }
  pending = ++asked;
  trigger('submit', {...kept, offset, asked: String(pending)});
  const number = pending;
  setTimeout(() => settle(number), 10000);  // its answer was lost
}

function settle(number) {
  if (!pending || number !== pending) return;
  pending = 0;
  if (changed) {
    changed = false;
    send(page);
  }
}

whenThere('#entries', entries => {
  const heard = () => settle(Number(entries.querySelector('[data-asked]')?.dataset.asked ?? 0));
  new MutationObserver(heard).observe(entries, {childList: true, subtree: true, attributes: true, attributeFilter: ['data-asked']});
});

// Drawn anew because the collection is another: what was typed stays.
function ask() {
  if (!form()) return;
  for (const [name, value] of Object.entries(kept)) {
    const field = form().elements[name];
    if (field) field.value = value;
  }
  send(page);
}

// Told by the form itself: `watch` may speak before or after it is drawn.
let drawn = '';
function mind() {
  const stamp = form()?.dataset.stamp ?? '';
  if (stamp === drawn) return;
  drawn = stamp;
  ask();
}
new MutationObserver(mind).observe(element, {childList: true, subtree: true, attributes: true, attributeFilter: ['data-stamp']});
mind();

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
