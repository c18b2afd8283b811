define(`f',
 one,

