// Run once by the panel, with `element`, `trigger` and `watch`. Text is never handled here: only ids, focus and scrolling.
const narrow = window.matchMedia('(max-width: 860px)');
const column = () => document.getElementById('sources');
const box = () => document.querySelector('#question textarea');
const current = () => element.querySelector('.source')?.dataset.current ?? '';
const marker = id => document.querySelector(`#messages a.cite[href="#${CSS.escape(id)}"]`);

let wanted = '';     // the marker that was followed and whose article is still to come
let followed = '';   // the marker that focus goes back to

function select() {
  for (const link of document.querySelectorAll('#messages a.cite')) {
    const chosen = link.getAttribute('href') === '#' + current();
    if (chosen) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
  }
}

function reveal(focus) {
  const hit = element.querySelector('mark.current');
  const scroller = column();
  if (!hit || !scroller.clientHeight) return;
  const frame = scroller.getBoundingClientRect();
  const place = hit.getBoundingClientRect();
  // Words near the top are shown below their headline, others in the middle.
  const bottom = scroller.scrollTop + place.bottom - frame.top;
  if (bottom < frame.height * .8) scroller.scrollTop = 0;
  else scroller.scrollTop += place.top - frame.top - Math.max(96, (frame.height - place.height) / 2);
  if (focus) hit.focus({preventScroll: true});
}

function sheet(open) {
  const behind = ['masthead', 'add', 'conversation'].map(id => document.getElementById(id));
  document.body.classList.toggle('reading', open);
  for (const part of behind) if (part) part.inert = open && narrow.matches;
}

function open(id) {
  wanted = id;
  followed = id;
  if (current() === id) arrive();
  else trigger('select', {id});
}

function arrive() {
  select();
  const asked = wanted && wanted === current();
  if (asked) {
    wanted = '';
    sheet(true);
  }
  if (asked || !document.body.classList.contains('reading')) requestAnimationFrame(() => reveal(asked));
}

function close() {
  sheet(false);
  const link = marker(current()) ?? marker(followed);
  (link ?? box())?.focus();
}

watch('value', () => {
  if (!current()) sheet(false);
  arrive();
});

document.addEventListener('click', event => {
  const link = event.target.closest('a[href^="#src-"]');
  if (link) {
    event.preventDefault();
    event.stopPropagation();
    open(link.getAttribute('href').slice(1));
    return;
  }
  if (event.target.closest('a.skip')) {
    event.preventDefault();
    box()?.focus();
  }
  if (event.target.closest('#stop, #new-chat')) setTimeout(() => box()?.focus(), 50);
}, true);

element.addEventListener('click', event => {
  if (event.target.closest('.close')) return close();
  const button = event.target.closest('button[data-go]');
  if (!button) return;
  wanted = followed = button.dataset.go;
  trigger('select', {id: button.dataset.go, whole: button.classList.contains('whole') ? 'yes' : ''});
});

document.addEventListener('keydown', event => {
  if (event.key !== 'Escape') return;
  if (document.body.classList.contains('reading') && narrow.matches || column().contains(document.activeElement)) close();
});

narrow.addEventListener('change', () => sheet(document.body.classList.contains('reading') && narrow.matches));

// Gradio redraws its messages: the chosen marker is marked again, and labels that would have a
// screen reader speak a message's HTML are taken off.
function tidy() {
  for (const part of document.querySelectorAll('#messages [data-testid][aria-label]')) part.removeAttribute('aria-label');
  select();
}

// Gradio draws its parts in no promised order.
function whenThere(selector, act) {
  const part = document.querySelector(selector);
  if (part) act(part);
  else setTimeout(() => whenThere(selector, act), 100);
}

whenThere('#messages', messages => {
  new MutationObserver(tidy).observe(messages, {childList: true, subtree: true, attributes: true, attributeFilter: ['aria-label']});
  tidy();
});

whenThere('#add > .label-wrap', button => {
  const tell = () => button.setAttribute('aria-expanded', String(button.classList.contains('open')));
  new MutationObserver(tell).observe(button, {attributes: true, attributeFilter: ['class']});
  tell();
});
