// Run once by the part that hands over an export: its value is the file. What is in it is never read as HTML here.
watch('value', () => {
  const file = props.value;
  if (!file || !file.name) return;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([file.text], {type: file.type + ';charset=utf-8'}));
  link.download = file.name;
  link.hidden = true;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
});
