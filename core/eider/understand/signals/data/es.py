"""Spanish."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    "I": "yo",
    "WE": "nosotros nosotras",
    "I_VERB": """prefiero odio vivo soy tengo trabajo uso estudio hablo enseño detesto adoro amo llevo conduzco como bebo tomo cocino juego escribo leo
        me_llamo me_encanta me_encantan me_gusta me_gustan me_resulta me_resultan me_parece me_parecen me_molesta me_molestan me_apellido dirijo gestiono
        programo cobro pago he decidí me_mudé nací crecí estoy suelo elijo decido cambié aprendo toco corro""",
    "WE_VERB": """usamos utilizamos desplegamos tenemos trabajamos somos vivimos estamos hemos decidimos elegimos escribimos publicamos hacemos programamos
        quedamos facturamos vendemos servimos nos_quedamos vamos_a optamos preferimos seguimos cerramos abrimos pagamos empleamos solemos
        abandonamos pasamos cambiamos dejamos acordamos apostamos mantenemos alquilamos entregamos revisamos cobramos""",
    "ME": "mí me conmigo para_mí",
    "MY": "mi mis nuestro nuestra nuestros nuestras",
    "YOU": "tú te ti usted",
    "YOUR": "tu tus su_respuesta tus_respuestas",
    "THEY": "él ella ellos ellas",
    "PERSON": """compañero compañera compañeros colega colegas jefe jefa hermana hermano madre padre marido mujer esposa amigo amiga amigos vecino vecina
        profesor profesora gente personas persona alguien desarrolladores estudiantes clientes cliente equipos autor autora hijo novio novia""",
    "SOME": "mucha muchos muchas algunos algunas la_mayoría varios",
    "BE": "es son era eran fue está están estoy soy somos",
    "IS": "se_llama se_llaman se_escribe tiene vive cuesta empieza termina corre funciona_con está_en trabaja usa pertenece consta",
    "HAVE": "he hemos ha han tengo tenemos tiene tienen",
    "WILL": "voy_a vas_a",
    "WOULD": "haría sería podría tendría estaría gustaría_que usaría tuviéramos tuviera fuera",
    "CAN": "puedo puedes puede podemos",
    "MUST": "debe deben debes hay_que tiene_que tienen_que tienes_que debería deberían deberías deben_estar ha_de",
    "NOT": "no nunca jamás ningún ninguna nada tampoco",
    "NEG": "no",
    "NEVER": "nunca jamás",
    "ALWAYS": """siempre nunca jamás a_partir_de_ahora de_ahora_en_adelante en_adelante en_el_futuro en_general por_norma por_defecto cada_vez
        en_todas_partes todo_el_tiempo en_todo_momento desde_ahora sin_excepción por_regla_general a_partir_de_hoy bajo_ningún_concepto sistemáticamente""",
    "FUTURE": "a_partir_de_ahora de_ahora_en_adelante en_adelante en_el_futuro por_norma por_defecto desde_ahora por_regla_general a_partir_de_hoy sin_excepción",
    "USUALLY": "normalmente generalmente habitualmente en_general suelo solemos a_menudo todos_los cada_semana cada_día cada_mes todos_los_días los_lunes los_martes los_miércoles los_jueves los_viernes",
    "EACH": "cada todo todos toda todas nadie ningún ninguna",
    "EVERY": "cada todos_los todas_las",
    "ONCE": """esta_vez por_ahora de_momento por_el_momento aquí hoy solo_esta_vez sólo_esta_vez en_este en_esta para_este para_esta provisionalmente ahora_mismo ahora
        todavía mañana temporalmente este_de_aquí excepcionalmente esta_noche""",
    "SCOPE": "en_este_proyecto en_este_repositorio para_este_proyecto en_esta_empresa",
    "THIS": "esto eso este esta ese esa lo",
    "THE": "",
    "A": "un una",
    "ORD": "primer primera primero segundo segunda tercer tercera último última siguiente otro otra",
    "NUMBER": "dos tres cuatro cinco seis siete ocho nueve diez",
    "LIKE": """prefiero preferimos prefiere me_gusta me_gustan me_encanta me_encantan odio odiamos adoro detesto favorito favorita favoritos preferido preferida
        nos_gusta nos_gustan no_soporto amo nos_encanta""",
    "V2": "me_gusta me_gustan me_encanta me_encantan nos_gusta nos_gustan",
    "COMPARE": "mejor más_claro más_claros más_claras más_fácil más_fáciles más_simple más_rápido más_que antes_que peor más_cómodo más_cómodos",
    "FIND": "me_resulta me_resultan me_parece me_parecen encuentro aprendo",
    "HARD": "difícil difíciles pesado pesados fácil incómodo útil práctico confuso más_claros más_claras molesto",
    "WANT": "tengo_que tenemos_que quiero queremos necesito necesitamos quisiera busco me_gustaría buscamos quería",
    "TO_ME": "me_molesta me_molestan me_irrita me_irritan me_viene_mejor me_va_mejor me_funciona",
    "HOW_I": "como_me_gusta",
    "DECIDE": """decidido decidimos decidí elegido elegimos optado optamos nos_quedamos_con me_quedo_con acordado acordamos vamos_a_usar vamos_a_pasar pasamos_a abandonamos
        adoptado decisión apostamos_por seguimos_con descartado descartamos migramos cambiamos_a vamos_con nos_pasamos dejamos_de escogido escogimos""",
    "SURE_DECIDE": "decisión",
    "ADOPT": "usar quedarnos adoptar pasar",
    "LET": "",
    "STYLE": """sé sea da das usa usen utiliza responde respóndeme escribe evita mantén cita llámame habla háblame recuerda tutéame trátame pregúntame avísame emplea redondea indica incluye
        deja_de procura acuérdate prefiere limita no_uses añade termina empieza""",
    "STRONG": "tutéame llámame trátame evita evite deja_de recuerda pregúntame avísame acuérdate no_olvides asegúrate procura háblame respóndeme consúltame",
    "NAMING": "tutéame llámame trátame",
    "DO": """escribe escríbeme traduce haz resume corrige ordena muestra muéstrame dame añade borra cambia revisa lee explica busca calcula compara genera crea pon quita
        dime intenta continúa envía reserva redacta deja toma abre incluye firma indica pon propón convierte marca ignora uses hagas pongas escribas borres
        menciones cambies envíes""",
    "ONLY": "solo sólo únicamente solamente",
    "WHEN": "cuando si antes_de siempre_que cada_vez_que en_cuanto después_de",
    "IF": "si",
    "SUB": "que quien porque ya_que donde cuando si como pues",
    "WHQ": "qué cuándo dónde quién por_qué cómo cuál cuáles cuánto",
    "AUXQ": "puedes podrías puede podría debo",
    "HYPO": "supongamos imagina imaginemos en_teoría tuviéramos tuviera fuera fuéramos hubiera",
    "HEDGE": "quizá quizás tal_vez a_lo_mejor algún_día posiblemente podría podríamos no_estoy_seguro no_estoy_segura no_sé me_planteo pensando_en puede_que",
    "HERE": "aquí",
    "WE_MY": "nuestro nuestra nuestros nuestras",
    "BAN": "por_favor_siempre por_favor_nunca bajo_ningún_concepto",
    "SMALL": "no_pasa_nada ni_idea de_nada sin_problema no_hay_problema como_siempre hazlo_así no_te_preocupes no_hay_prisa",
    "THANKS": "gracias",
    "ASSENT": "vale sí ok bien bueno perfecto de_acuerdo claro genial está_bien listo",
    "GOOD": "genial perfecto estupendo excelente fantástico maravilloso bien bravo",
    "NO": "no",
    "ACTUALLY": "en_realidad de_hecho corrección",
    "WRONG": "incorrecto no_es_correcto no_es_verdad falso equivocado te_equivocas no_es_cierto está_mal mal_escrito",
    "AGAIN": "otra_vez",
    "INSTEAD": "no en_vez en_lugar sino",
    "SHOULD_HAVE": "debería_haber tendría_que_haber",
    "SLIP": "uy ups quería_decir me_equivoqué me_he_equivocado ventana_equivocada perdón_el",
    "BAD": "error borrado perdido otra_vez roto horas fallo viernes_por_la_noche",
    "IRONY": "justo_lo_que lo_que_me_faltaba lo_que_faltaba exactamente_lo_que_necesitaba",
    "SAY": "dice dijo escribió afirma según cuenta recomienda indica_que declara sostiene pone_que",
    "DOC": """correo mail mensaje página sitio artículo documentación manual libro registro salida contrato carta nota guía informe
        ticket descripción texto párrafo documento pdf comentario foro archivo plantilla asunto readme""",
    "TASK_DOC": "resume traduce corrige lee revisa siguiente siguientes reenviado copiado responde_a",
    "BELOW": "siguiente siguientes abajo",
    "RULE": "regla reglas preferencias normas",
    "NAMED": "se_llama me_llamo llamado se_escribe apellido",
    "STATE": "corre usa cuesta empieza abre cierra alojado alojada escrito basado está_en vive trabaja tiene",
    "ROLE": "gestiona dirige lleva se_encarga supervisa es_nuestro es_nuestra es_mi",
    "LIFE": "me_mudé mudado casado nací empezado dejado me_casé",
    "SINCE": "desde nunca siempre años",
    "TRAIT": "alérgico alérgica vegetariano vegetariana vegano vegana casado casada de responsable diabético diabética celíaco celíaca intolerante",
    "PLACE": "en de con como para a al",
    "MOMENT": "cansado cansada perdido perdida seguro segura ocupado listo lista contento contenta pregunta problema duda prisa sueño hambre enfermo enferma tarde muy de_acuerdo",
    "THINK": "creo pienso sé veo espero entiendo supongo quiero puedo debo voy necesito parece imagino siento",
    "PAST": "era fue hizo vi leí probé lancé envié estaba tenía hecho visto leído probado enviado puesto corregido añadido",
    "FAIL": "falla fallan fallando roto rojo error no_funciona demasiado_largo falta bloqueado",
    "KEEP_ON": "sigue_haciéndolo hazlo_siempre así_es_como_me_gusta más_de_esto",
    "HELPED": "me_ayudó_mucho me_ha_ayudado muy_útil",
    "LOVE_HOW": "me_encanta_cómo me_gusta_cómo",
    "SPELL": "se_escribe con_uve con_b con_v con_k con_z con_hache con_c con_s con_dos sin_hache con_tilde con_acento se_deletrea",
    "BELONG": "van va",
    "FORBID": "prohibido prohibida prohibidos obligatorio obligatoria",
    "IMPORTANT": "importante esencial crucial",
    "NONE_OF": "nada_de sin ningún",
    "POLITE": "por_favor",
    "ADV": "también ya muy",
    "HABIT": "",
    "PRESENT": "",
    "FILLER": "y pero también entonces pues bueno ah vale sí ok gracias perfecto además por_cierto sinceramente por_favor genial",
    "OPENER": "no sí vale ok gracias perfecto bien bueno genial por_cierto en_realidad eso_no_es_correcto incorrecto claro además",
    "COMMA": ", ， 、",
    "CONJ": "y pero o",
    "GROUP": "equipo dirección empresa comité consejo familia",
}
ENDINGS: Final[tuple[tuple[str, str], ...]] = ()
SPLITS: Final = "y pero"
"""Conjunctions after which another clause may start."""
STARTS: Final = "por_favor siempre nunca no yo mi nuestro añade usa escribe evita recuerda a_partir_de_ahora"
"""What starts a clause after such a conjunction without a comma."""
