// Run once by the filters, with `element`, `trigger` and `watch`: what is typed or chosen is sent, and kept when the form is drawn anew.
const form = () => element.querySelector('form');
let kept = {};
let waiting = 0;

function values() {
  return Object.fromEntries([...new FormData(form())].map(([name, value]) => [name, String(value)]));
}

function send(offset = '0') {
  clearTimeout(waiting);
  kept = values();
  trigger('submit', {...kept, offset});
}

watch('value', () => {
  for (const [name, value] of Object.entries(kept)) {
    const field = form()?.elements[name];
    if (field) field.value = value;
  }
});

element.addEventListener('input', event => {
  kept = values();
  clearTimeout(waiting);
  waiting = setTimeout(send, event.target.name === 'search' ? 250 : 0);
});
element.addEventListener('submit', event => {
  event.preventDefault();
  send();
});
element.addEventListener('reset', () => setTimeout(send));

document.addEventListener('click', event => {
  const button = event.target.closest('#entries button[data-offset]');
  if (!button) return;
  send(button.dataset.offset);
  document.getElementById('library')?.scrollTo(0, 0);
  element.querySelector('[name=search]')?.focus({preventScroll: true});
});
