// Run once by the list of kept conversations, with `element`, `trigger` and `watch`.
// The open conversation's id stands in the address, after the '#', where a reload finds it and no server sees it.
const narrow = window.matchMedia('(max-width: 1180px)');
const aside = () => document.getElementById('history');
const way = () => document.getElementById('show-history');
const inAddress = () => /^#c=([0-9a-f]{32})$/.exec(location.hash)?.[1] ?? '';
const opened = () => element.querySelector('nav')?.dataset.open ?? '';

let coming = '';    // the conversation that is to be opened
let held = null;    // what had the focus before the list was drawn anew

function shown() {
  if (!inRoom('ask')) return false;
  return narrow.matches ? document.body.classList.contains('listing') : !document.body.classList.contains('unlisted');
}

function tell() {
  way()?.setAttribute('aria-expanded', String(shown()));
  const drawer = narrow.matches && shown();
  for (const id of ['conversation', 'sources']) {
    const part = document.getElementById(id);
    if (part && !document.body.classList.contains('reading')) part.inert = drawer;
  }
}

function show(open) {
  document.body.classList.toggle(narrow.matches ? 'listing' : 'unlisted', narrow.matches === open);
  tell();
  if (open && narrow.matches) setTimeout(() => document.querySelector('#find textarea, #find input')?.focus());
}

// The list stands in the room where questions are asked: from elsewhere its button goes there, and never hides it.
function go() {
  tab('ask')?.click();
  show(true);
}

function leave() {
  if (!narrow.matches || !shown()) return;
  show(false);
  way()?.focus();
}

function ask(words, act, {value = null, button}) {
  const dialog = document.createElement('dialog');
  dialog.className = 'ask-first';
  const form = document.createElement('form');
  form.method = 'dialog';
  const said = document.createElement('p');
  said.textContent = words;
  said.id = 'ask-first-says';
  dialog.setAttribute('aria-labelledby', said.id);
  form.append(said);
  let field = null;
  if (value !== null) {
    field = document.createElement('input');
    field.type = 'text';
    field.value = value;
    field.maxLength = 200;
    field.setAttribute('aria-labelledby', said.id);
    form.append(field);
  }
  const row = document.createElement('div');
  for (const [name, kind] of [['Cancel', 'button'], [button, 'submit']]) {
    const one = document.createElement('button');
    one.textContent = name;
    one.type = kind;
    if (kind === 'button') one.addEventListener('click', () => dialog.close());
    row.append(one);
  }
  form.append(row);
  form.addEventListener('submit', event => {
    event.preventDefault();
    dialog.close();
    act(field?.value ?? '');
  });
  dialog.append(form);
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  if (field) field.select();
}

function refocus() {
  if (!held || document.activeElement !== document.body) return;
  const same = element.querySelector(`[data-do="${held.do}"][data-id="${CSS.escape(held.id)}"]`)
    ?? element.querySelectorAll('button.title')[held.place]
    ?? document.querySelector('#find textarea, #find input');
  same?.focus({preventScroll: true});
}

const hold = part => {
  const all = [...element.querySelectorAll('li')];
  held = {do: part.closest('.menu') ? 'more' : part.dataset.do, id: part.dataset.id, place: Math.max(0, Math.min(all.indexOf(part.closest('li')), all.length - 2))};
};

element.addEventListener('click', event => {
  if (event.target.closest('.leave')) return leave();
  const button = event.target.closest('button[data-do]');
  if (!button) return;
  const {do: what, id} = button.dataset;
  const details = button.closest('details');
  const title = button.closest('li').querySelector('.name').textContent;
  hold(button);
  if (details) {
    details.open = false;
    details.querySelector('summary').focus();
  }
  if (what === 'delete') ask(`Delete “${title}”, with all its questions and answers? It cannot be brought back.`, () => trigger('select', {do: what, id}), {button: 'Delete'});
  else if (what === 'rename') ask('Another title', words => trigger('select', {do: what, id, title: words}), {value: title, button: 'Rename'});
  else {
    trigger('select', {do: what, id});
    if (what === 'open') leave();
  }
});

// One menu at a time, and none when the reader goes elsewhere.
document.addEventListener('click', event => {
  for (const details of element.querySelectorAll('details[open]')) if (!details.contains(event.target)) details.open = false;
  if (event.target.closest('#show-history')) inRoom('ask') ? show(!shown()) : go();
  else if (event.target.closest('#new-chat')) { if (narrow.matches && shown()) show(false); }
  else if (narrow.matches && shown() && !event.target.closest('#history, dialog')) leave();
});
document.addEventListener('keydown', event => {
  if (event.key !== 'Escape' || document.querySelector('dialog[open]')) return;
  const details = element.querySelector('details[open]');
  if (details) {
    details.open = false;
    details.querySelector('summary').focus();
  } else leave();
});
narrow.addEventListener('change', () => {
  document.body.classList.remove('listing');
  tell();
});

function dated() {
  const today = new Date();
  const yesterday = new Date(today);
  yesterday.setDate(today.getDate() - 1);
  for (const time of element.querySelectorAll('time')) {
    const when = new Date(time.dateTime);
    if (isNaN(when)) continue;
    const clock = when.toLocaleTimeString('en-GB', {hour: '2-digit', minute: '2-digit'});
    const day = when.toDateString();
    time.textContent = day === today.toDateString() ? `Today, ${clock}`
      : day === yesterday.toDateString() ? `Yesterday, ${clock}`
      : when.toLocaleDateString('en-GB', {day: 'numeric', month: 'long', year: 'numeric'});
  }
}

function drawn() {
  dated();
  const id = opened();
  if (coming && id !== coming && !drawn.tried) return;
  coming = '';
  document.body.classList.remove('opening');
  const hash = id ? `#c=${id}` : '';
  if (location.hash !== hash) history.replaceState(history.state, '', location.pathname + location.search + hash);
  refocus();
}

element.addEventListener('focusin', event => {
  const part = event.target.closest('[data-do]');
  if (part) hold(part);
});
document.addEventListener('focusin', event => {
  if (!element.contains(event.target) && !event.target.closest('dialog')) held = null;
});

function open(id) {
  coming = id;
  drawn.tried = false;
  document.body.classList.add('opening');
  trigger('select', {do: 'open', id});
  // What is not there (any more) is not waited for.
  setTimeout(() => { drawn.tried = true; if (coming) drawn(); }, 4_000);
}

window.addEventListener('hashchange', () => {
  if (inAddress() && inAddress() !== opened()) open(inAddress());
});

watch('value', drawn);
new MutationObserver(tell).observe(document.getElementById('tabs'), {subtree: true, attributes: true, attributeFilter: ['aria-selected']});
tell();
if (inAddress()) open(inAddress());
