"""Countries, what their people and things are called, and their capitals.

News says "Tehran" or "the Iranians" for Iran's government: whoever asks by one name means the
others. A row is: the country's names | demonyms | the capital's names; all in lower case.
"""

from __future__ import annotations

from functools import lru_cache

_ROWS = """
afghanistan|afghan afghans|kabul
albania|albanian albanians|tirana
algeria|algerian algerians|algiers
angola|angolan angolans|luanda
argentina|argentine argentinian argentines|buenos aires
armenia|armenian armenians|yerevan
australia|australian australians|canberra
austria|austrian austrians|vienna
azerbaijan|azerbaijani azeri azerbaijanis|baku
bangladesh|bangladeshi bangladeshis|dhaka
belarus|belarusian belarusians belarussian|minsk
belgium|belgian belgians|brussels
bolivia|bolivian bolivians|la paz
bosnia|bosnian bosnians|sarajevo
brazil|brazilian brazilians|brasilia
bulgaria|bulgarian bulgarians|sofia
cambodia|cambodian cambodians|phnom penh
cameroon|cameroonian cameroonians|yaounde
canada|canadian canadians|ottawa
chad|chadian chadians|ndjamena
chile|chilean chileans|santiago
china|chinese|beijing
colombia|colombian colombians|bogota
congo|congolese|kinshasa
croatia|croatian croatians croat croats|zagreb
cuba|cuban cubans|havana
cyprus|cypriot cypriots|nicosia
czechia czech|czech czechs|prague
denmark|danish dane danes|copenhagen
ecuador|ecuadorian ecuadorians|quito
egypt|egyptian egyptians|cairo
estonia|estonian estonians|tallinn
ethiopia|ethiopian ethiopians|addis ababa
finland|finnish finn finns|helsinki
france|french frenchman frenchmen|paris
georgia|georgian georgians|tbilisi
germany|german germans|berlin
ghana|ghanaian ghanaians|accra
greece|greek greeks|athens
guatemala|guatemalan guatemalans|
haiti|haitian haitians|
honduras|honduran hondurans|tegucigalpa
hungary|hungarian hungarians|budapest
iceland|icelandic icelander icelanders|reykjavik
india|indian indians|delhi
indonesia|indonesian indonesians|jakarta
iran|iranian iranians|tehran teheran
iraq|iraqi iraqis|baghdad
ireland|irish irishman|dublin
israel|israeli israelis|jerusalem
italy|italian italians|rome
jamaica|jamaican jamaicans|kingston
japan|japanese|tokyo
jordan|jordanian jordanians|amman
kazakhstan|kazakh kazakhs|astana
kenya|kenyan kenyans|nairobi
kosovo|kosovar kosovars|pristina
kuwait|kuwaiti kuwaitis|
kyrgyzstan|kyrgyz|bishkek
latvia|latvian latvians|riga
lebanon|lebanese|beirut
libya|libyan libyans|tripoli
lithuania|lithuanian lithuanians|vilnius
malaysia|malaysian malaysians|kuala lumpur
mali|malian malians|bamako
mexico|mexican mexicans|
moldova|moldovan moldovans|chisinau
mongolia|mongolian mongolians|
montenegro|montenegrin montenegrins|podgorica
morocco|moroccan moroccans|rabat
mozambique|mozambican mozambicans|maputo
myanmar burma|burmese|naypyidaw
nepal|nepalese nepali|kathmandu
netherlands holland|dutch dutchman|hague amsterdam
nicaragua|nicaraguan nicaraguans|managua
niger|nigerien nigeriens|niamey
nigeria|nigerian nigerians|abuja
norway|norwegian norwegians|oslo
pakistan|pakistani pakistanis|islamabad
palestine|palestinian palestinians|ramallah
panama|panamanian panamanians|
paraguay|paraguayan paraguayans|asuncion
peru|peruvian peruvians|lima
philippines|filipino filipinos philippine|manila
poland|polish pole poles|warsaw
portugal|portuguese|lisbon
qatar|qatari qataris|doha
romania|romanian romanians|bucharest
russia|russian russians|moscow kremlin
rwanda|rwandan rwandans|kigali
senegal|senegalese|dakar
serbia|serbian serbians serb serbs|belgrade
singapore|singaporean singaporeans|
slovakia|slovak slovaks slovakian|bratislava
slovenia|slovenian slovenians slovene slovenes|ljubljana
somalia|somali somalis|mogadishu
spain|spanish spaniard spaniards|madrid
sudan|sudanese|khartoum
sweden|swedish swede swedes|stockholm
switzerland|swiss|bern
syria|syrian syrians|damascus
taiwan|taiwanese|taipei
tajikistan|tajik tajiks|dushanbe
tanzania|tanzanian tanzanians|dodoma
thailand|thai thais|bangkok
tunisia|tunisian tunisians|tunis
turkey turkiye|turkish turk turks|ankara
uganda|ugandan ugandans|kampala
ukraine|ukrainian ukrainians|kyiv kiev
uruguay|uruguayan uruguayans|montevideo
uzbekistan|uzbek uzbeks|tashkent
venezuela|venezuelan venezuelans|caracas
vietnam|vietnamese|hanoi
yemen|yemeni yemenis|sanaa
zambia|zambian zambians|lusaka
zimbabwe|zimbabwean zimbabweans|harare
england|english|
scotland|scottish scots scot|edinburgh holyrood
wales|welsh|cardiff
britain uk|british briton britons|london
usa us america|american americans|washington
eu|european europeans|brussels
""".strip()


@lru_cache(maxsize=1)
def same_country() -> dict[str, frozenset[str]]:
    """For each single word that names a country: all words that name the same one, itself included."""
    table: dict[str, frozenset[str]] = {}
    for row in _ROWS.splitlines():
        words = frozenset(word for part in row.split("|") for word in part.split())
        for word in words:
            table[word] = table.get(word, frozenset()) | words
    return table
