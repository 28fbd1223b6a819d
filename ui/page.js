// Run once by the panel, with `element`, `trigger` and `watch`. Text is never made into HTML here: only ids, focus, scrolling, and
// the tooltip, whose words are set as text.
const narrow = window.matchMedia('(max-width: 860px)');
const column = () => document.getElementById('sources');
const current = () => element.querySelector('.source')?.dataset.current ?? '';
const opener = id => id && document.querySelector(`#messages a.cite[href="#${CSS.escape(id)}"], #rooms [data-open="${CSS.escape(id)}"]`);
const seen = part => part?.checkVisibility() ? part : null;

let wanted = '';     // the marker that was followed and whose article is still to come
let followed = '';   // what focus goes back to
let arriving = 0;    // the frame in which what was followed, and is there, takes the focus

function select() {
  for (const link of document.querySelectorAll('#messages a.cite')) {
    const chosen = link.getAttribute('href') === '#' + current();
    if (chosen) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
  }
  for (const button of document.querySelectorAll('#rooms [data-open]')) {
    if (button.dataset.open === current()) button.setAttribute('aria-current', 'true');
    else button.removeAttribute('aria-current');
  }
}

function reveal(focus) {
  const hit = element.querySelector('mark.current');
  const scroller = column();
  if (!scroller.clientHeight) return;
  if (!hit) {
    scroller.scrollTop = 0;
    if (focus) element.querySelector('h2')?.focus({preventScroll: true});
    return;
  }
  const frame = scroller.getBoundingClientRect();
  const place = hit.getBoundingClientRect();
  // Words near the top are shown below their headline, others in the middle.
  const bottom = scroller.scrollTop + place.bottom - frame.top;
  if (bottom < frame.height * .8) scroller.scrollTop = 0;
  else scroller.scrollTop += place.top - frame.top - Math.max(96, (frame.height - place.height) / 2);
  if (focus) hit.focus({preventScroll: true});
}

function sheet(open) {
  const behind = ['masthead', 'rooms'].map(id => document.getElementById(id));
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
  if (asked) {
    arriving = requestAnimationFrame(() => {
      arriving = 0;
      reveal(true);
    });
  } else if (!document.body.classList.contains('reading')) requestAnimationFrame(() => reveal(false));
}

function close() {
  // Whoever closes does not wait any more: what is still to come takes no focus.
  wanted = '';
  cancelAnimationFrame(arriving);
  arriving = 0;
  sheet(false);
  const back = seen(opener(current())) ?? seen(opener(followed)) ?? seen(box()) ?? tab('library');
  back?.focus();
}

// Removing is asked for twice: the question stands in the panel, hidden until then.
function askRemoval(asked) {
  const button = element.querySelector('.ask-remove');
  const question = element.querySelector('.removal');
  if (!button || !question) return;
  question.hidden = !asked;
  button.setAttribute('aria-expanded', String(asked));
  (asked ? question.querySelector('.keep') : button).focus();
}

function go(name, then) {
  if (!inRoom(name)) tab(name)?.click();
  if (then) setTimeout(then, 50);
}

function openDrawer() {
  whenThere('#add > .label-wrap', button => {
    if (!button.classList.contains('open')) button.click();
    button.focus();
  });
}

watch('value', () => {
  hideTip();
  if (current()) return arrive();
  select();
  // What was removed, or could not be shown, is told where it was asked for.
  if (!element.querySelector('[role=status], [role=alert]')) sheet(false);
});

document.addEventListener('click', event => {
  const link = event.target.closest('a[href^="#src-"]');
  if (link) {
    event.preventDefault();
    event.stopPropagation();
    // A finger has nothing to hover with: its first touch shows the quote, from where the article opens.
    if (touched && tipOf !== link) return showTip(link);
    hideTip();
    open(link.getAttribute('href').slice(1));
    return;
  }
  const button = event.target.closest('[data-open]');
  if (button) return open(button.dataset.open);
  if (event.target.closest('a.skip')) {
    event.preventDefault();
    go('ask', () => box()?.focus());
  }
  const room = event.target.closest('[data-tab]');
  if (room) go(room.dataset.tab, openDrawer);
  if (event.target.closest('#stop, #new-chat')) go('ask', () => box()?.focus());
}, true);

element.addEventListener('click', event => {
  if (event.target.closest('.close')) return close();
  if (event.target.closest('.ask-remove')) return askRemoval(element.querySelector('.removal').hidden);
  if (event.target.closest('.keep')) return askRemoval(false);
  const remove = event.target.closest('button.remove');
  if (remove) {
    remove.disabled = true;
    return trigger('delete', {id: remove.dataset.id});
  }
  const button = event.target.closest('button[data-go]');
  if (!button) return;
  wanted = followed = button.dataset.go;
  trigger('select', {id: button.dataset.go, whole: button.classList.contains('whole') ? 'yes' : ''});
});

document.addEventListener('keydown', event => {
  if (event.key !== 'Escape') return;
  if (tipOf) return hideTip();
  if (element.querySelector('.removal:not([hidden])')) return askRemoval(false);
  // While an article takes another's place, what had the focus is gone and nothing has it yet.
  const coming = (wanted || arriving) && document.activeElement !== box();
  const inside = coming || column().contains(document.activeElement);
  if (document.body.classList.contains('reading') && narrow.matches || inside) close();
});

narrow.addEventListener('change', () => sheet(document.body.classList.contains('reading') && narrow.matches));

// The quote of a marker, shown while it is pointed at or has the focus. The browser's own title would be shown beside it, and
// never to a keyboard or a finger: it is put away meanwhile.
const tip = document.createElement('div');
tip.id = 'tip';
tip.setAttribute('role', 'tooltip');
tip.hidden = true;
const words = document.createElement('p');
const open_it = document.createElement('button');
open_it.type = 'button';
open_it.textContent = 'Open it in the article';
tip.append(words, open_it);
document.querySelector('.gradio-container')?.append(tip) ?? document.body.append(tip);

let tipOf = null;    // the marker that the tooltip belongs to
let leaving = 0;
let touched = false; // the last press was a finger's

function showTip(link) {
  clearTimeout(leaving);
  if (tipOf === link) return;
  hideTip();
  const said = link.getAttribute('title');
  if (!said) return;
  tipOf = link;
  link.dataset.title = said;
  link.removeAttribute('title');
  link.setAttribute('aria-describedby', 'tip');
  words.textContent = said;
  open_it.hidden = !touched;
  tip.hidden = false;
  placeTip();
}

function placeTip() {
  const place = tipOf.getBoundingClientRect(), room = document.getElementById('messages').getBoundingClientRect();
  const width = tip.offsetWidth, height = tip.offsetHeight;
  tip.style.left = `${Math.max(room.left + 8, Math.min(place.left + place.width / 2 - width / 2, room.right - width - 8))}px`;
  const above = place.top - height - 6;
  tip.style.top = `${above > 8 ? above : Math.min(place.bottom + 6, innerHeight - height - 8)}px`;
}

function hideTip() {
  clearTimeout(leaving);
  if (tipOf) {
    if (tipOf.dataset.title) tipOf.setAttribute('title', tipOf.dataset.title);
    tipOf.removeAttribute('aria-describedby');
    delete tipOf.dataset.title;
  }
  tipOf = null;
  tip.hidden = true;
}

function leaveTip() {
  clearTimeout(leaving);
  // The pointer may go from the marker onto the words, to read or to copy them.
  leaving = setTimeout(() => tip.matches(':hover') || hideTip(), 200);
}

const cite = event => event.target.closest?.('#messages a.cite');
document.addEventListener('pointerdown', event => {
  touched = event.pointerType === 'touch';
  if (tipOf && !tip.contains(event.target) && cite(event) !== tipOf) hideTip();
}, true);
document.addEventListener('pointerover', event => {
  if (event.pointerType !== 'touch' && cite(event)) showTip(cite(event));
});
document.addEventListener('pointerout', event => {
  if (event.pointerType !== 'touch' && (cite(event) || tip.contains(event.target))) leaveTip();
});
document.addEventListener('focusin', event => {
  const link = cite(event);
  if (link?.matches(':focus-visible')) showTip(link);
  else if (tipOf && !tip.contains(event.target)) hideTip();
});
// What takes the focus is scrolled to, and its quote goes along, as long as the marker can be seen.
document.addEventListener('scroll', event => {
  if (!tipOf || tip.contains(event.target)) return;
  const place = tipOf.getBoundingClientRect(), room = document.getElementById('messages').getBoundingClientRect();
  if (place.bottom < room.top || place.top > Math.min(room.bottom, innerHeight)) hideTip();
  else placeTip();
}, true);
open_it.addEventListener('click', () => {
  const id = tipOf?.getAttribute('href').slice(1);
  hideTip();
  if (id) open(id);
});

// Gradio redraws its messages: the chosen marker is marked again, and labels that would have a
// screen reader speak a message's HTML are taken off.
function tidy() {
  for (const part of document.querySelectorAll('#messages [data-testid][aria-label]')) part.removeAttribute('aria-label');
  // An answer is read out once, when it is whole, and not again with each of its pieces.
  const log = document.querySelector('#messages [role=log]');
  const busy = String(document.querySelector('#messages .answer.writing') !== null);
  if (log && log.getAttribute('aria-busy') !== busy) log.setAttribute('aria-busy', busy);
  select();
}

// The tabs as keyboards know them: arrows go from one to the next.
document.addEventListener('keydown', event => {
  const here = event.target.closest?.('[role=tab]'), step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
  if (!here || !step) return;
  const tabs = [...here.closest('[role=tablist]').querySelectorAll('[role=tab]')];
  const next = tabs[(tabs.indexOf(here) + step + tabs.length) % tabs.length];
  event.preventDefault();
  next.click();
  requestAnimationFrame(() => document.getElementById(next.id)?.focus());
});

whenThere('#messages', messages => {
  new MutationObserver(tidy).observe(messages, {childList: true, subtree: true, attributes: true, attributeFilter: ['aria-label']});
  tidy();
});

// Its label and what is seen are the same words (page.css), which whoever speaks to a computer would say.
whenThere('#files', drop => {
  const mend = () => drop.querySelector('button:has([data-testid=upload-text])')?.setAttribute('aria-label', 'Drop files here, or choose them');
  new MutationObserver(mend).observe(drop, {childList: true, subtree: true});
  mend();
});

whenThere('#entries', entries => new MutationObserver(select).observe(entries, {childList: true, subtree: true}));

for (const drawer of ['#add', '#watched']) {
  whenThere(`${drawer} > .label-wrap`, button => {
    const tell = () => button.setAttribute('aria-expanded', String(button.classList.contains('open')));
    new MutationObserver(tell).observe(button, {attributes: true, attributeFilter: ['class']});
    tell();
  });
}
